# raises: TypeError
def rule(user, context):
    import math
    math.pi += 1
