# passes: harmless
def rule(user, context):
    x = bytes(100_000_000)
