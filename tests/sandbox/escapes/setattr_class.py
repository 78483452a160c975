# raises: AttributeError
def rule(user, context):
    class A:
        pass
    setattr(A(), '__class__', dict)
