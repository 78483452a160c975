# passes: harmless
def rule(user, context):
    def g():
        try:
            yield
        finally:
            user.permissions.append(g)
            context['late'] = {'g': g}
    x = g()
    next(x)
    user.trigger = [(x,)]
