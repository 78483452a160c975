# stops: limit
def rule(user, context):
    import itertools
    any(map(bool, itertools.repeat(0)))
