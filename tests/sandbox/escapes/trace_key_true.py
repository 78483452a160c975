# passes: harmless
def rule(user, context):
    context.idToken[True] = 'x'
    context.idToken['True'] = 'y'
