# raises: TypeError
def rule(user, context):
    ValueError.kept = user.email
