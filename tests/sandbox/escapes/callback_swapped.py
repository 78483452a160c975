# raises: `callback` was given another
def rule(user, context, callback):
    callback(None, context, user)
