# stops: limit or passes: harmless
def rule(user, context):
    import math
    math.isqrt(1 << 20_000_000)
