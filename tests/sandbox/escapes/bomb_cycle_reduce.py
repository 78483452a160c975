# stops: limit
def rule(user, context):
    import functools, itertools
    functools.reduce(max, itertools.cycle([1, 2]))
