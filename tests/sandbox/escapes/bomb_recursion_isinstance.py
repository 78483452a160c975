# raises: RecursionError or passes: harmless
def rule(user, context):
    t = (int,)
    for i in range(100_000):
        t = (t,)
    isinstance('', t)
