# passes: harmless
# `extend` keeps what it got before its iterator raised.
def rule(user, context):
    context.idToken.roles = []
    def g():
        yield 'admin'
        raise ValueError
    try:
        context.idToken.roles.extend(g())
    except ValueError:
        pass
