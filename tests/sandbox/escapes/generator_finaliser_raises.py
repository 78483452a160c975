# passes: harmless
def rule(user, context):
    def g():
        try:
            yield
        finally:
            raise ValueError(user.email)
    next(g())
