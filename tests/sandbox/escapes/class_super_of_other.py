# raises: TypeError
def rule(user, context):
    class A:
        pass
    class B:
        pass
    super(A, B())
