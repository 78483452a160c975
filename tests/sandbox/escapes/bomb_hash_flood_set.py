# stops: limit
def rule(user, context):
    set(range(0, (2 ** 61 - 1) * 100_000, 2 ** 61 - 1))
