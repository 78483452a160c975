# stops: limit or passes: harmless
def rule(user, context):
    sorted([str(i) for i in range(300_000)] * 8)
