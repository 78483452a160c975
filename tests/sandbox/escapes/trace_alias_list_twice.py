# passes: harmless
def rule(user, context):
    roles = user.app_metadata.roles
    context.idToken.a = roles
    context.idToken.b = [roles, {'c': roles}]
    roles.append('root')
    context.idToken.b[1].c.pop(0)
