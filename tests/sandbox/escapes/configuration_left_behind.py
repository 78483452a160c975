# passes: harmless
def rule(user, context):
    context.idToken.a = configuration
