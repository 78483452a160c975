# denies: no
def rule(user, context, callback):
    callback(UnauthorizedError('no'))
    context.idToken.admin = True
