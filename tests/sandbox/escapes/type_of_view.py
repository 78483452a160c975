# raises: TypeError
def rule(user, context):
    type(user.keys())
