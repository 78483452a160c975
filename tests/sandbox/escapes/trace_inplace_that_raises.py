# passes: harmless
def rule(user, context):
    context.idToken.roles = ['a']
    def g():
        yield 'admin'
        raise ValueError
    try:
        context.idToken.roles += g()
    except ValueError:
        pass
