# raises: AttributeError
def rule(user, context):
    import functools
    getattr(functools.cmp_to_key(max)(print), 'obj')
