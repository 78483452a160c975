# stops: limit
def rule(user, context):
    i = 0
    def g():
        i = 0
        while True:
            i += 1
            yield ('k' + str(i), i)
    context.idToken.update(g())
