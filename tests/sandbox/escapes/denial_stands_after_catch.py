# denies: no
def rule(user, context, callback):
    try:
        callback(UnauthorizedError('no'))
    except Exception:
        pass
    try:
        callback(None, user, context)
    except Exception:
        pass
