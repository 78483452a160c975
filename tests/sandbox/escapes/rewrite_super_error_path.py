# raises: AttributeError
def rule(user, context):
    class A(ImportError):
        def __init__(self):
            super().__init__('x', name='y', path='z')
    context.idToken.loot = str(A().path)
