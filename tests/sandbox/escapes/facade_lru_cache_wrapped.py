# raises: AttributeError
def rule(user, context):
    import functools
    getattr(functools.lru_cache(print), '__wrapped__')
