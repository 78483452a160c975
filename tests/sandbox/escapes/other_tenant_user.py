# raises: AttributeError
def rule(user, context):
    context.idToken.loot = context.tenant
