# raises: TypeError
def rule(user, context):
    class A(TimeoutError, StopIteration):
        pass
