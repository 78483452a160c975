# passes: harmless
def rule(user, context):
    class A:
        x = property(lambda self: user)
        @x.setter
        def x(self, value):
            context.idToken.admin = value
        @x.deleter
        def x(self):
            user.gone = True
    a = A()
    a.x = True
    del a.x
