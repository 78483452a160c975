# denies: a?
def rule(user, context):
    raise UnauthorizedError('a\ud800')
