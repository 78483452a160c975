# passes: harmless
def rule(user, context):
    context.idToken = user
    user.email = 'other'
    user.app_metadata.roles.append('root')
