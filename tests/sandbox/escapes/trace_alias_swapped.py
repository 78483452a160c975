# passes: harmless
def rule(user, context):
    context.idToken.a, context.idToken.b = {'n': 1}, {'n': 2}
    a = context.idToken.a
    context.idToken.a, context.idToken.b = context.idToken.b, context.idToken.a
    a.admin = True
