# passes: harmless
def rule(user, context):
    class A:
        def f(self):
            return [str(super()), repr(super()), f'{super()}']
    context.idToken.a = A().f()
    assert context.idToken.a == ['<super of A>'] * 3
