# raises: TypeError
def helper():
    pass
def rule(user, context):
    helper.kept = user.email
