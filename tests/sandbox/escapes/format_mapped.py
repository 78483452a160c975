# raises: AttributeError
def rule(user, context):
    context.idToken.loot = list(map('{0.__class__}'.format, [user]))[0]
