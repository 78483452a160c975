# raises: AttributeError
def rule(user, context):
    import functools
    getattr(functools, 'update_wrapper')(len, print)
