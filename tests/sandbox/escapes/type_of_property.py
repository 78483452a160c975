# raises: TypeError
def rule(user, context):
    type(property(len))
