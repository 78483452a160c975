# raises: TypeError
def rule(user, context):
    getattr(user, type('x', (), {}))
