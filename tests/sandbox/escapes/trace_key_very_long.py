# stops: exhausted or passes: harmless
def rule(user, context):
    context.idToken['k' * 90_000] = 1
