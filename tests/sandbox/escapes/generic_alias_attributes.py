# raises: AttributeError
def rule(user, context):
    alias = list[int]
    context.idToken.loot = str(alias.mro())
