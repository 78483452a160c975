# stops: limit
def rule(user, context):
    import itertools
    ''.join(itertools.repeat('a'))
