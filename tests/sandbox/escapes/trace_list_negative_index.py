# passes: harmless
def rule(user, context):
    context.idToken.l = [1, 2, 3]
    context.idToken.l[-1] = 4
    context.idToken.l[True] = 5
