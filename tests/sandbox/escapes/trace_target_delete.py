# passes: harmless
def rule(user, context):
    context.idToken.a = context.idToken.b = 1
    context.idToken.l = [1, 2, 3]
    del (context.idToken.a, [context.idToken['b'], context.idToken.l[1:]])
