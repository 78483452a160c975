# stops: limit or passes: harmless
def rule(user, context):
    divmod(1 << 40_000_000, (1 << 20_000_000) + 1)
