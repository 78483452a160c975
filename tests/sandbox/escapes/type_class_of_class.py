# raises: AttributeError
def rule(user, context):
    class A:
        pass
    A.mro
