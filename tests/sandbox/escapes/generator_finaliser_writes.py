# passes: harmless
def rule(user, context):
    def g():
        try:
            yield
        finally:
            context.idToken.admin = True
    next(g())
