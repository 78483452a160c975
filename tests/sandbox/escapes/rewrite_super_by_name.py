# raises: AttributeError
def rule(user, context):
    class A:
        def f(self):
            return getattr(super(), '__in' + 'it__')
    context.idToken.loot = str(A().f())
