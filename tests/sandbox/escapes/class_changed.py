# passes: harmless
def rule(user, context):
    class A:
        pass
    A.f = 1
