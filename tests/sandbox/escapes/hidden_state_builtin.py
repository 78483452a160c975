# raises: TypeError
def rule(user, context):
    print.kept = user.email
