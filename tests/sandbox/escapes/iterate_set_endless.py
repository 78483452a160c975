# stops: limit
def rule(user, context):
    import itertools
    set().update(itertools.count())
