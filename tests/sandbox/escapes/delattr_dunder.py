# raises: AttributeError
def rule(user, context):
    class A:
        pass
    delattr(A(), '__dict__')
