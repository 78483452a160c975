# raises: TypeError
def rule(user, context):
    import functools
    type(functools.partial(len))
