# stops: limit or stops: died or raises: RecursionError
def rule(user, context):
    x = iter(['1'])
    for i in range(150_000):
        x = map(str, x)
    next(x)
