# raises: AttributeError
def rule(user, context):
    import functools
    getattr(functools.partial(print), 'func')
