# passes: harmless
def rule(user, context):
    context.idToken[b'sub'] = 1
