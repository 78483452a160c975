# raises: TypeError
def rule(user, context):
    class A:
        pass
    super(type(A), A).mro()
