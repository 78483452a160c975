# stops: limit or stops: died or passes: harmless
def rule(user, context):
    import itertools
    x = iter([1])
    for i in range(150_000):
        x = itertools.chain(x)
    list(x)
