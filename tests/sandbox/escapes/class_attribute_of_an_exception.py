# raises: TypeError
def rule(user, context):
    UnauthorizedError.args = ()
