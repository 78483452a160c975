# passes: harmless
def rule(user, context):
    def g():
        yield ('admin', True)
        raise ValueError
    try:
        context.idToken.update(g())
    except ValueError:
        pass
