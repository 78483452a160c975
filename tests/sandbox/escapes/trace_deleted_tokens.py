# raises: `context.idToken` must stay a dict
def rule(user, context):
    del context.idToken
