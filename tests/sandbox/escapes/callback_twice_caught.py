# raises: `callback` was called a second time
def rule(user, context, callback):
    callback(None, user, context)
    try:
        callback(None, user, context)
    except Exception:
        pass
