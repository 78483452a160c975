# raises: AttributeError
def rule(user, context):
    class A(Exception):
        def f(self):
            return super().add_note('x')
    A().f()
