# stops: limit
def rule(user, context):
    import itertools
    sum(1 for x in itertools.product(range(1000), repeat=10))
