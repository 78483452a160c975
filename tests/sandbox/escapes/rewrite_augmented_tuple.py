# raises: TypeError
def rule(user, context):
    t = (1, 2)
    t[0] += 1
