# stops: limit or passes: harmless
def rule(user, context):
    x = (1 << 50_000_000) + 1
    x * (x + 1)
