# denies: stop
def rule(user, context, callback):
    class D:
        def __str__(self):
            return 'stop'
    callback(D())
