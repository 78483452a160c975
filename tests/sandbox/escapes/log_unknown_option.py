# raises: TypeError
def rule(user, context):
    print('x', level='error')
