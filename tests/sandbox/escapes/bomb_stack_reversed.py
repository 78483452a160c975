# stops: limit or stops: died or passes: harmless
def rule(user, context):
    x = iter([1])
    for i in range(150_000):
        x = enumerate(x)
    next(x)
