# passes: harmless
def rule(user, context):
    def g():
        got = yield
        while True:
            got = yield got
    x = g()
    next(x)
    context.idToken.ok = x.send(user.email)
