# raises: AttributeError
def rule(user, context):
    context.idToken.loot = str((lambda: 0)._x)
