# stops: limit or raises: OverflowError
def rule(user, context):
    import itertools
    itertools.tee([], 10 ** 12)
