# stops: limit
def rule(user, context):
    import collections, itertools
    collections.deque(itertools.repeat(0), maxlen=1)
