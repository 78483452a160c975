# stops: limit
def rule(user, context):
    import itertools
    a, *b = itertools.count()
