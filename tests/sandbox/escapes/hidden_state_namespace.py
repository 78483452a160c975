# raises: TypeError
def rule(user, context):
    auth0.kept = user.email
