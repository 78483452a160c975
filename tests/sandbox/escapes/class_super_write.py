# raises: TypeError
def rule(user, context):
    class A:
        def f(self):
            super().x = 1
    A().f()
