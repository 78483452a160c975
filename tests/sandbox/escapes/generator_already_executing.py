# raises: ValueError
def rule(user, context):
    def g():
        next(x)
        yield
    x = g()
    next(x)
