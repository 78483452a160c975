# passes: harmless
def rule(user, context):
    context.idToken['-'] = [1]
    context.idToken['-'].append(2)
