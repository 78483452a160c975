# raises: TypeError
def rule(user, context):
    del configuration.KEY
