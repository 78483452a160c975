# raises: AttributeError
def rule(user, context):
    context.idToken.loot = '{.__class__}'.format(user)
