# raises: TypeError
def rule(user, context):
    auth0.users = None
