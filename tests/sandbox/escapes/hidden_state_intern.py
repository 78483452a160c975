# passes: harmless
def rule(user, context):
    class A:
        pass
    name = 'kept' + str(len(user.email))
    setattr(A(), name, 1)
    assert not hasattr(A, name)
