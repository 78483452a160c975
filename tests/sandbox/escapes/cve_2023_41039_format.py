# raises: AttributeError
def rule(user, context):
    context.idToken.loot = '{0.__class__.__mro__}'.format(user)
