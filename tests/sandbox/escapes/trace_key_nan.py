# passes: harmless
def rule(user, context):
    nan = float('nan')
    context.idToken[nan] = 1
    context.idToken[float('nan')] = 2
