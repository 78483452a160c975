# raises: TypeError
def rule(user, context):
    def f():
        pass
    f._x = 1
