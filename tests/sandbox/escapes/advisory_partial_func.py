# raises: AttributeError
def rule(user, context):
    import functools
    functools.partial(print).func
