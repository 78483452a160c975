# passes: harmless
def rule(user, context):
    context.idToken.roles = ['c', 'a', 'b']
    roles = context.idToken.roles
    def key(value):
        roles.append('admin')
        return value
    try:
        roles.sort(key=key)
    except ValueError:
        pass
