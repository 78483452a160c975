# passes: harmless
def rule(user, context, callback):
    user.callback = callback
    callback(None, user, context)
