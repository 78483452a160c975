# passes: harmless
def rule(user, context):
    user.permissions.extend(['b', 'a'])
    user.permissions.sort(key=lambda name: http.get('https://h/' + name).url)
    context.idToken.a = user.permissions
