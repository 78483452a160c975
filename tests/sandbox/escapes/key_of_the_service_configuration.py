# passes: harmless
def rule(user, context):
    context.idToken.loot = configuration
