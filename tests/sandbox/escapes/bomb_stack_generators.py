# stops: limit or stops: died or passes: harmless
def rule(user, context):
    def g(x):
        yield 1
        yield x
    x = None
    for i in range(100_000):
        y = g(x)
        next(y)
        x = y
    del x, y
