# raises: TypeError
def rule(user, context):
    del str.format
