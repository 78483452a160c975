# passes: harmless
def rule(user, context):
    roles = context.idToken.roles = []
    list(map(roles.append, ['admin', 'root']))
    list(map(context.idToken.setdefault, ['a', 'b'], [1, 2]))
