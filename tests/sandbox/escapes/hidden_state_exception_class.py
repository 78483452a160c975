# raises: TypeError
def rule(user, context):
    UnauthorizedError.kept = user.email
