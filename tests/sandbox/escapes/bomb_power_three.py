# stops: limit or passes: harmless
def rule(user, context):
    pow(3, 10 ** 300_000, 10 ** 300_000 + 1)
