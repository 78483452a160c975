# passes: harmless
def rule(user, context):
    x = 1
    context.idToken.ok = x
