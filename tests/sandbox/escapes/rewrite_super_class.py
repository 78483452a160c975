# refused: attribute_not_allowed
def rule(user, context):
    class A:
        def f(self):
            return super().__thisclass__, super().__self_class__
    context.idToken.loot = str(A().f())
