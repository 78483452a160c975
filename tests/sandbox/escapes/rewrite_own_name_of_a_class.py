# raises: AttributeError
def rule(user, context):
    context.idToken.loot = str(Exception._x)
