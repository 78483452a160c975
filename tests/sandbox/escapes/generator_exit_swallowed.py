# stops: timed_out
def rule(user, context):
    def g():
        while True:
            try:
                yield
            except:
                pass
    x = g()
    next(x)
    while True:
        next(x)
