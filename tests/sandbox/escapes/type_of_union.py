# raises: TypeError
def rule(user, context):
    type(int | str)
