# raises: AttributeError
def rule(user, context):
    context.idToken.a = '{0.get.__globals__}'.format(http)
