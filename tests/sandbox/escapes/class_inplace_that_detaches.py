# passes: harmless
def rule(user, context):
    class A:
        def __radd__(self, other):
            context.idToken.pop('n', None)
            return 7
    context.idToken.n = 1
    context.idToken.n += A()
