# stops: limit
def rule(user, context):
    import itertools
    all(itertools.repeat(1))
