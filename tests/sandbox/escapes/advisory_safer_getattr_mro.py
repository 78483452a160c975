# raises: AttributeError
def rule(user, context):
    context.idToken.loot = str(getattr(int, 'mro')())
