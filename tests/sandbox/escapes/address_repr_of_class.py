# passes: harmless
def rule(user, context):
    class A:
        pass
    assert '0x' not in repr(A), repr(A)
    context.idToken.x = repr(A)
