# passes: harmless
def rule(user, context):
    class A:
        def __call__(self, x):
            return x
    context.idToken.ok = list(map(A(), sorted([2, 1], key=A())))
