# stops: limit or denies: no
def rule(user, context, callback):
    callback(UnauthorizedError('no'))
    while True:
        pass
