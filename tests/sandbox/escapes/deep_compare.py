# raises: RecursionError
def rule(user, context):
    a, b = [], []
    for i in range(100_000):
        a, b = [a], [b]
    a == b
