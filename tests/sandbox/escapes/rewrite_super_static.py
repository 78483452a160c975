# raises: TypeError
def rule(user, context):
    class A:
        @staticmethod
        def f(x):
            return super().upper()
    context.idToken.loot = A.f('x')
