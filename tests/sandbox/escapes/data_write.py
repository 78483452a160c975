# raises: TypeError
def rule(user, context):
    x = (1, 2)
    x[0] = 3
