# raises: ZeroDivisionError
def rule(user, context):
    class dict:
        items = keys = get = None
    class str:
        join = None
    a, b = dict(), str()
    x = [a, b, 1 / 0]
