# denies: no
def rule(user, context, callback):
    callback(UnauthorizedError('no'))
    http.post('https://h/')
