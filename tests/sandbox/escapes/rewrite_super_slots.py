# raises: AttributeError
def rule(user, context):
    class A:
        def f(self):
            return getattr(super(), '_kind'), super()._holder
    context.idToken.loot = str(A().f())
