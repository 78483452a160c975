# stops: limit
def rule(user, context):
    import itertools
    tuple(itertools.repeat('x'))
