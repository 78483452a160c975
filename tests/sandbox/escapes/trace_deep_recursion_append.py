# stops: exhausted or passes: harmless
def rule(user, context):
    roles = context.idToken.roles = []
    def f(n):
        if n == 0:
            roles.append('admin')
        else:
            f(n - 1)
    n = 399
    while not roles:
        try:
            f(n)
        except RecursionError:
            pass
        n -= 1
