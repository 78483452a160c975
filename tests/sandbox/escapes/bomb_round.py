# stops: limit or passes: harmless or raises: OverflowError or raises: ValueError
def rule(user, context):
    round(10 ** 5000, -10 ** 7)
