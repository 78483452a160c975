# raises: RuntimeError
def rule(user, context):
    for key in user:
        user['x' + key] = 1
