# raises: TypeError
def rule(user, context):
    class A:
        def f(self):
            return type(super())
    A().f()
