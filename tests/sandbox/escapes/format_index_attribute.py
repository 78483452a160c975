# raises: AttributeError
def rule(user, context):
    context.idToken.loot = '{0[a].__class__}'.format({'a': 1})
