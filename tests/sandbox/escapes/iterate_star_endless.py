# stops: limit
def rule(user, context):
    import itertools
    print(*itertools.repeat(1))
