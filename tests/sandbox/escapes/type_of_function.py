# raises: TypeError
def rule(user, context):
    type(lambda: 0)
