# refused: attribute_not_allowed
def rule(user, context):
    class A:
        def f(self):
            super().__init__ = print
    A().f()
