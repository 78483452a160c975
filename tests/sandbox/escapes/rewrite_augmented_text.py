# raises: TypeError
def rule(user, context):
    t = 'ab'
    t[0] += 'x'
