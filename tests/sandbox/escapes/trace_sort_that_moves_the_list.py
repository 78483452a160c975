# passes: harmless
def rule(user, context):
    roles = context.idToken['roles'] = ['c', 'a', 'b']
    def key(value):
        if 'roles' in context.idToken:
            context.accessToken.roles = context.idToken.pop('roles')
        return value
    roles.sort(key=key)
