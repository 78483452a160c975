# passes: harmless
def rule(user, context):
    import functools
    class A:
        @functools.lru_cache
        def f(self):
            return 1
    context.idToken.ok = A().f()
