# passes: harmless
def rule(user, context):
    context.idToken['a\ud800'] = 1
    context.idToken['b'] = 'x\udfff'
