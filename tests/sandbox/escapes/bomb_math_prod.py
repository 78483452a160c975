# stops: limit
def rule(user, context):
    import math
    math.prod(range(1, 10 ** 6))
