# stops: exhausted or passes: harmless
def rule(user, context):
    def f(n):
        if n == 0:
            context.idToken.update({'admin': True})
        else:
            f(n - 1)
    n = 399
    while 'admin' not in context.idToken:
        try:
            f(n)
        except RecursionError:
            pass
        n -= 1
