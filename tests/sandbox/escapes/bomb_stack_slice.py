# stops: limit or stops: died or passes: harmless
def rule(user, context):
    s = slice(1)
    for i in range(200_000):
        s = slice(s)
    del s
