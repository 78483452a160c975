# passes: harmless
def rule(user, context):
    context.idToken.a = context.accessToken.a = shared = []
    shared.append('admin')
