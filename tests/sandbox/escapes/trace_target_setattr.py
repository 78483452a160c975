# passes: harmless
def rule(user, context):
    setattr(context.idToken, 'admin', True)
    setattr(context.idToken, 'gone', True)
    delattr(context.idToken, 'gone')
