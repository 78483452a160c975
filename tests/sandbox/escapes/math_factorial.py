# stops: limit
def rule(user, context):
    import math
    math.factorial(10 ** 9)
