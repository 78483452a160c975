# raises: `callback` was given another `context`
def rule(user, context, callback):
    callback(None, user, context.copy())
