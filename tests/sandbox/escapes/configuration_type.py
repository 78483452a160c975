# raises: TypeError
def rule(user, context):
    type(configuration)
