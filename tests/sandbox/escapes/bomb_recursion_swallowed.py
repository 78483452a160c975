# stops: limit
def rule(user, context):
    def f():
        try:
            f()
        except RecursionError:
            f()
    f()
