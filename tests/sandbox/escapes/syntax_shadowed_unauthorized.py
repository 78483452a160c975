# raises: UnauthorizedError: forged
class UnauthorizedError(Exception):
    pass
def rule(user, context):
    raise UnauthorizedError('forged')
