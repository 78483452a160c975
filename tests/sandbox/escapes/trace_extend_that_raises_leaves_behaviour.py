# passes: harmless
def rule(user, context):
    def g():
        yield lambda: user
        raise ValueError
    try:
        user.permissions.extend(g())
    except ValueError:
        pass
