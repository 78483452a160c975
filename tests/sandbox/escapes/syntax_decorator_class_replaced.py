# raises: TypeError
def rule(user, context):
    @lambda c: dict
    class A:
        pass
    class B(A):
        pass
