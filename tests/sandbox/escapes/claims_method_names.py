# passes: harmless
def rule(user, context):
    context.idToken['get'] = context.idToken['items'] = context.idToken['update'] = 'x'
    assert context.idToken.get('get') == 'x' and list(context.idToken.items())
