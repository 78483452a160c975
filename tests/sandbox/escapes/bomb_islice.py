# stops: limit
def rule(user, context):
    import itertools
    next(itertools.islice(itertools.repeat(0), 10 ** 15, None))
