# raises: ZeroDivisionError
def rule(user, context):
    l = []
    for i in range(50_000):
        l = [l]
    x = [l, 1 / 0]
