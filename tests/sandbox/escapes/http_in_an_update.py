# passes: harmless
def rule(user, context):
    context.idToken.update((name, http.get('https://h/' + name).text) for name in ['a', 'b'])
