# raises: UnauthorizedError: forged
def rule(user, context):
    class UnauthorizedError(Exception):
        pass
    raise UnauthorizedError('forged')
