# raises: ValueError
def rule(user, context):
    context.idToken.loot = str(10 ** 5000)
