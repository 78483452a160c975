# passes: harmless
def rule(user, context):
    x = '\d'
    context.idToken.ok = x
