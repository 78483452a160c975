# raises: TypeError or raises: AttributeError
def rule(user, context):
    class A:
        x = property(getattr)
    A().x
