# refused: attribute_not_allowed
def rule(user, context):
    class A:
        def f(self):
            return super().__reduce_ex__(2)
    context.idToken.loot = str(A().f())
