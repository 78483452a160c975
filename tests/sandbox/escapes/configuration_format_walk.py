# raises: AttributeError
def rule(user, context):
    context.idToken.a = '{0.__class__}'.format(configuration)
