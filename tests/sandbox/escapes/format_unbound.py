# raises: AttributeError
def rule(user, context):
    context.idToken.loot = str.format('{0.__class__}', user)
