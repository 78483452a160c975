# raises: AttributeError
def rule(user, context):
    class A:
        def f(self):
            return '{0.__class__}'.format(super())
    context.idToken.loot = A().f()
