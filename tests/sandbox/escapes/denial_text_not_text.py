# denies:
def rule(user, context, callback):
    class E(UnauthorizedError):
        def __str__(self):
            return None
    callback(E('x'))
