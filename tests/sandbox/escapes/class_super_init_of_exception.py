# passes: harmless
def rule(user, context):
    class E(KeyError):
        def __init__(self, *a):
            super().__init__(*a)
        def __str__(self):
            return super().__str__()
        def __repr__(self):
            return super().__repr__()
    context.idToken.ok = [str(E('x')), repr(E('x')), str(E(1, 2))]
