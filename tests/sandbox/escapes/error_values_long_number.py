# raises: ZeroDivisionError
def rule(user, context):
    n = 1 << 10 ** 6
    x = [n, 1 / 0]
