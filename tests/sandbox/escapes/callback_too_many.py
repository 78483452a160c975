# raises: TypeError
def rule(user, context, callback):
    callback(None, user, context, 1)
