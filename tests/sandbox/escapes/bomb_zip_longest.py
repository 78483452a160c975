# stops: limit
def rule(user, context):
    import itertools
    collections = list(itertools.zip_longest(range(10 ** 9), itertools.repeat(1)))
