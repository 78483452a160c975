# refused: name_not_available
def rule(user, context):
    super = print
    class A:
        def f(self):
            return super()
    A().f()
