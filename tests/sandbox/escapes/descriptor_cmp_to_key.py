# raises: AttributeError
def rule(user, context):
    import functools
    functools.cmp_to_key(lambda a, b: 0)(user).obj
