# stops: limit
# A loop in a finaliser counts how far it gets in the time limit.
def rule(user, context):
    counted = [0]
    def g():
        try:
            yield
        finally:
            while True:
                counted[0] += 1
    next(g())
    context.idToken.speed = counted[0]
