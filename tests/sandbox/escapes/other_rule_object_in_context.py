# passes: harmless
def rule(user, context):
    class S:
        def __str__(self):
            return 'x'
    context.a = S
    context.b = [S(), {'c': S}]
    context.c = {'d': (S(),)}
    user.app_metadata.s = S()
    user.permissions.append(S())
    context.stats.f = lambda: user
