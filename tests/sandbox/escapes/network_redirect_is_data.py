# passes: harmless
def rule(user, context):
    context.redirect = {'url': 'http://127.0.0.1:CANARY_PORT/'}
