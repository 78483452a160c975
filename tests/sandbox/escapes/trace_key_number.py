# passes: harmless
def rule(user, context):
    context.idToken['0'] = 'y'
    context.idToken[0] = 'x'
