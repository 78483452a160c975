# stops: limit
def rule(user, context):
    import itertools
    list(itertools.count())
