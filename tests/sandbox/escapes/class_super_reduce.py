# raises: AttributeError
def rule(user, context):
    class A(Exception):
        def f(self):
            return super().with_traceback(None)
    A().f()
