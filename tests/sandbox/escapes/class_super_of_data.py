# raises: TypeError
def rule(user, context):
    class A:
        def f(self):
            return super(dict, user)
    A().f()
