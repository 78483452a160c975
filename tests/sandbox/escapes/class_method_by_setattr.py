# raises: AttributeError
def rule(user, context):
    class A:
        pass
    setattr(A, '__call__', print)
