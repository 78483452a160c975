# passes: harmless
def rule(user, context):
    context.idToken['a/b~0~1'] = 1
    context.idToken['a'] = {'b': 1}
    context.idToken['a']['b'] = 2
    context.idToken['/'] = 3
    context.idToken[''] = 4
    context.idToken['~'] = 5
