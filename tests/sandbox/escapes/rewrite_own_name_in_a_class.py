# passes: harmless
def rule(user, context):
    class A:
        _abc_impl = _fields = _make = 1
        def _replace(self):
            return 1
    context.idToken.a = [A._abc_impl, A()._replace()]
