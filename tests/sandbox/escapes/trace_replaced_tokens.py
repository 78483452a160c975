# raises: `context.idToken` must stay a dict
def rule(user, context):
    context.idToken = ['admin']
