# passes: harmless
def rule(user, context):
    import functools
    put = functools.lru_cache(context.idToken.setdefault)
    put('a', 1)
    put('b', 2)
