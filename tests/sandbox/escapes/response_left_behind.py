# passes: harmless
def rule(user, context):
    context.idToken.a = http.get('https://h/')
