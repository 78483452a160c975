# raises: AttributeError
def rule(user, context):
    class A(StopIteration):
        def __init__(self):
            super().__init__(user)
    context.idToken.loot = str(A().value)
