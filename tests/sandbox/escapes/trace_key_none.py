# passes: harmless
def rule(user, context):
    context.idToken[None] = 1
