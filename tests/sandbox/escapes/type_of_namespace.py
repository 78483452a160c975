# raises: TypeError
def rule(user, context):
    type(auth0)('auth0', {})
