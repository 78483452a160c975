# passes: harmless
def rule(user, context):
    class A(UnicodeDecodeError):
        def __init__(self):
            pass
        def again(self):
            super().__init__('utf-8', b'x' * 9, 5, 99, 'why')
            return str(self)
        def text(self):
            return super().__str__(), super().__repr__()
    a = A()
    try:
        a.text()
    except Exception:
        pass
    context.idToken.a = [a.again(), str(a.text())]
