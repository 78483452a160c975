# raises: TypeError
def rule(user, context):
    class A:
        def f(self):
            self = user
            return super().items()
    context.idToken.loot = str(A().f())
