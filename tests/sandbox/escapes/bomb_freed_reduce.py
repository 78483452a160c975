# passes: harmless
def rule(user, context):
    import functools
    l = list(range(100))
    def add(a, b):
        l.clear()
        return a
    functools.reduce(add, l)
    list(map(lambda x: l.clear(), l))
    [l.clear() for x in l]
