# raises: ZeroDivisionError or stops: limit
def rule(user, context):
    text, items = 'x' * 10 ** 7, list(range(10 ** 5))
    x = [text, items, 1 / 0]
