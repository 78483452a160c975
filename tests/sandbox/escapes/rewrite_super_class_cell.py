# refused: name_not_allowed
def rule(user, context):
    class A:
        def f(self):
            super().f
            return __class__
    context.idToken.loot = str(A().f())
