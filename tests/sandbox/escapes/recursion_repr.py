# passes: harmless or stops: limit
def rule(user, context):
    a = []
    for i in range(100_000):
        a = [a]
    try:
        repr(a)
    except RecursionError:
        pass
