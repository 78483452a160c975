# raises: AttributeError
def rule(user, context):
    class A:
        def f(self):
            return super().__repr__()
    context.idToken.loot = A().f()
