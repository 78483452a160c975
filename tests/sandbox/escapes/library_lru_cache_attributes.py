# passes: harmless
def rule(user, context):
    import functools
    class F:
        kept = user
        def __call__(self, x):
            return x
    f = functools.lru_cache(maxsize=2)(F())
    assert f(1) == 1 and not hasattr(f, 'kept') and not hasattr(f, 'cache_parameters')
