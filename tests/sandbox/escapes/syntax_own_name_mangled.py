# refused: attribute_not_allowed
def rule(user, context):
    class A:
        def f(self):
            return self._A__x
