# stops: limit
def rule(user, context):
    import itertools
    min(itertools.count())
