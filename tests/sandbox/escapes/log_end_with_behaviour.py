# passes: harmless or raises: TypeError
def rule(user, context):
    class A:
        def __str__(self):
            context.idToken.admin = True
            return ''
    print('x', end=A(), flush=A())
