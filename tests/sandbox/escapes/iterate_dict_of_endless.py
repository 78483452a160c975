# stops: limit
def rule(user, context):
    import itertools
    dict(zip(itertools.count(), itertools.repeat(1)))
