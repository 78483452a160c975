# passes: harmless
def rule(user, context):
    context.idToken.loot = str(list[int])
