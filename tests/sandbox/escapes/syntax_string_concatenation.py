# raises: AttributeError
def rule(user, context):
    context.idToken.loot = str(getattr(user, '_' '_class_' '_'))
