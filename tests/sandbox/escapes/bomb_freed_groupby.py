# stops: limit or passes: harmless or stops: died
def rule(user, context):
    import itertools
    class K:
        def __init__(self, n):
            self.n = n
        def __eq__(self, other):
            next(g, None)
            return False
    g = itertools.groupby(K(i) for i in range(100))
    for key, group in g:
        list(group)
