# raises: TypeError
def rule(user, context):
    getattr(user, 'a', 1, 2)
