# denies: or stops: exhausted or raises: the denial given to `callback` or raises: `callback` was called a second time
def rule(user, context, callback):
    def f(n):
        if n == 0:
            callback(UnauthorizedError('no'))
        else:
            f(n - 1)
    for n in range(399, 300, -1):
        try:
            f(n)
        except RecursionError:
            pass
