# raises: TypeError
def rule(user, context):
    class A:
        pass
    type(type(A()))
