# stops: limit
def rule(user, context):
    import math
    getattr(math, 'factorial')(10 ** 9)
