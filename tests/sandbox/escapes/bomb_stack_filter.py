# stops: limit or stops: died
# Iterators of C code call each other without looking at the depth.
def rule(user, context):
    x = iter([1])
    for i in range(150_000):
        x = filter(None, x)
    next(x)
