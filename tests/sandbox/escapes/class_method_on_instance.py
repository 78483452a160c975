# raises: AttributeError
def rule(user, context):
    class A:
        pass
    setattr(A(), '__iter__', print)
