# stops: limit or stops: died or passes: harmless
def rule(user, context):
    f = len
    for i in range(200_000):
        f = staticmethod(f)
    del f
