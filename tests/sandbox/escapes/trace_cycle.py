# stops: exhausted
def rule(user, context):
    context.idToken.self = context.idToken
