# raises: TypeError
def rule(user, context):
    class A:
        def f(self):
            self = dict
            return super().get
    A().f()
