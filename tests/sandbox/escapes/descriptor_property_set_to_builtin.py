# passes: harmless or raises: TypeError
def rule(user, context):
    class A:
        x = property(print).setter(setattr)
    a = A()
    a.x = 1
