# stops: limit
def rule(user, context):
    import math, itertools
    math.fsum(itertools.repeat(0.0))
