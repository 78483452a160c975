# raises: AttributeError
def rule(user, context):
    class A(Exception):
        def f(self):
            return super().args
    A().f()
