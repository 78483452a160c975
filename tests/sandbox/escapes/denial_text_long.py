# denies: xxxx
def rule(user, context):
    raise UnauthorizedError('x' * 10 ** 6)
