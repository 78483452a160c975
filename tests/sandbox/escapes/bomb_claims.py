# stops: exhausted
def rule(user, context):
    context.idToken.x = ['y' * 1000] * 1000
