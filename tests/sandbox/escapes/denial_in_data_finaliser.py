# raises: the rule ended without calling
def rule(user, context, callback):
    def g():
        try:
            yield
        finally:
            callback(UnauthorizedError('late'))
    x = g()
    next(x)
    context.idToken.x = x
