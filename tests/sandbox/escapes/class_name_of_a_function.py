# raises: AttributeError
def rule(user, context):
    context.idToken.loot = rule.__name__
