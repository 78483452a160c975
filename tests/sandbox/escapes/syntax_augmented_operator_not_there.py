# raises: TypeError
def rule(user, context):
    user.x = 1
    user.x @= 2
