# passes: harmless
def rule(user, context):
    context.idToken.loot = str(getattr((), '__class__', None))
