# refused: name_not_allowed
def rule(user, context):
    class A:
        __classcell__ = None
        def f(self):
            return super().f
