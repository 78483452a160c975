# passes: harmless
def rule(user, context):
    s = set(user.permissions)
    s.update(user.app_metadata.roles)
    s |= {'root'}
    context.idToken.roles = sorted(s)
