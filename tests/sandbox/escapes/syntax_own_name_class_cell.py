# refused: name_not_allowed
def rule(user, context):
    class A:
        def f(self):
            return __class__
