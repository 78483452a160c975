# refused: name_not_available
def rule(user, context):
    class A:
        def f(self, super):
            return super().__init__
    context.idToken.loot = A().f(lambda: print)
