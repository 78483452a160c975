# passes: harmless
def rule(user, context):
    class A:
        get = property(lambda self: user)
        kind = classmethod(lambda cls: cls)
        make = staticmethod(lambda: context)
    a = A()
    a.get.admin = True
    context.idToken.ok = A.kind() is A and a.make() is context
