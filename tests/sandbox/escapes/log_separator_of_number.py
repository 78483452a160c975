# raises: TypeError
def rule(user, context):
    print('x', sep=1)
