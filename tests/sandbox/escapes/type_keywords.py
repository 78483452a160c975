# raises: ValueError or raises: TypeError
def rule(user, context):
    type(value=user)('x')
