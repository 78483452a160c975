# raises: `callback` was called a second time
def rule(user, context, callback):
    callback(None, user, context)
    callback(None, user, context)
