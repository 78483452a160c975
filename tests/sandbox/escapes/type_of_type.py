# raises: TypeError
def rule(user, context):
    context.idToken.loot = str(type(type))
