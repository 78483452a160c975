# raises: AttributeError
def rule(user, context):
    class A:
        pass
    getattr(A, '__name__')
