# denies:
def rule(user, context):
    class E(UnauthorizedError):
        def __str__(self):
            raise ValueError('x')
    raise E('x')
