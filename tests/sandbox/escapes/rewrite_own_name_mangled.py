# refused: name_not_allowed
def rule(user, context):
    class A:
        __x = 1
        def f(self):
            return self.__x
    context.idToken.loot = A().f()
