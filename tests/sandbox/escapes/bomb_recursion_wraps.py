# stops: limit or raises: RecursionError or passes: harmless or stops: died
def rule(user, context):
    import functools
    f = len
    for i in range(100_000):
        f = functools.partial(lambda g, x: g(x), f)
    f([])
