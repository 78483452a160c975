# passes: harmless or raises: TypeError
def rule(user, context):
    class A:
        pass
    assert dict['a', ::2] is dict and list[int] is list
    A[1]
