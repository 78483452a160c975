# raises: AttributeError
def rule(user, context):
    import functools
    functools.partial(getattr, ())('__class__')
