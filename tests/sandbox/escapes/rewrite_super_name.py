# refused: name_not_available
def rule(user, context):
    class A:
        def f(self):
            return super
    context.idToken.loot = str(A().f())
