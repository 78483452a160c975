# raises: AttributeError
def rule(user, context):
    context.idToken.loot = getattr(print, '__self__')
