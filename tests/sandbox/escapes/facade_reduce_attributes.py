# raises: AttributeError
def rule(user, context):
    import functools
    functools.reduce(getattr, ['__class__', '__mro__'], user)
