# raises: AttributeError
def rule(user, context):
    context.idToken.loot = str(getattr((), '__class__'))
