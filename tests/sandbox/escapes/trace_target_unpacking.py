# passes: harmless
def rule(user, context):
    (context.idToken.a, [context.idToken['b'], *context.idToken.rest]) = 1, (2, 3, 4)
    context.idToken.l = [0, 0]
    context.idToken.l[0], context.idToken.l[1:] = 1, [2, 3]
