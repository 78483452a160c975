# passes: harmless
def rule(user, context):
    class A:
        pass
    setattr(A, '_x', 1)
