# raises: RecursionError
def rule(user, context):
    def f():
        return f()
    f()
