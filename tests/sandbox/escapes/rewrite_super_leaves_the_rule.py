# passes: harmless
def rule(user, context):
    class A:
        def f(self):
            return super()
    user.loot = A().f()
    context.idToken.loot = A().f()
