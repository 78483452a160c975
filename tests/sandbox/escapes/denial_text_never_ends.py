# stops: limit
def rule(user, context):
    class E(UnauthorizedError):
        def __str__(self):
            while True:
                pass
    raise E('x')
