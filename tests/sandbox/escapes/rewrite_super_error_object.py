# raises: AttributeError
def rule(user, context):
    class A(AttributeError):
        def __init__(self):
            super().__init__('x', name='y', obj=print)
    context.idToken.loot = str(A().obj)
