# raises: RecursionError
def rule(user, context):
    class A:
        def f(self):
            return self.f()
    class B(A):
        def f(self):
            return super().f()
    B().f()
