# denies: no
def rule(user, context, callback):
    callback(UnauthorizedError('no'))
    raise ValueError
