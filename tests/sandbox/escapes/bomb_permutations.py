# stops: limit
def rule(user, context):
    import itertools, collections
    collections.deque(itertools.permutations(range(30)), maxlen=0)
