# raises: AttributeError
def rule(user, context):
    class A:
        def f(self):
            return getattr(super(), '__init__')
    A().f()
