# denies: or stops: exhausted or raises: the denial given to `callback` or raises: `callback` was called a second time
# A denial that fails on its way, and is caught, does not let the login pass.
def rule(user, context, callback):
    def f(n):
        if n == 0:
            callback(UnauthorizedError('no'))
        else:
            f(n - 1)
    n = [399]
    called = []
    class D(UnauthorizedError):
        def __str__(self):
            called.append(1)
            return 'no'
    def deny(n):
        if n == 0:
            callback(D('no'))
        else:
            deny(n - 1)
    while not called and n[0] > 300:
        try:
            deny(n[0])
        except RecursionError:
            pass
        n[0] -= 1
