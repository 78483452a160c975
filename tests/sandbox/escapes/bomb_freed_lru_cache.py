# stops: limit or passes: harmless or raises: RuntimeError
def rule(user, context):
    import functools
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            for i in range(5):
                f(object())
            return False
    @functools.lru_cache(maxsize=2)
    def f(x):
        return x
    for i in range(20):
        f(K())
