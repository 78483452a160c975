# passes: harmless
def rule(user, context):
    context.idToken.a = {'x': {}}
    inner = context.idToken.a.x
    context.accessToken.b = context.idToken.pop('a')
    inner.admin = True
