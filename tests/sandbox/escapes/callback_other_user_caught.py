# raises: `callback` was given another `user`
def rule(user, context, callback):
    try:
        callback(None, dict(user), context)
    except Exception:
        pass
