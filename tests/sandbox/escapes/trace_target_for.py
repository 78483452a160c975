# passes: harmless
def rule(user, context):
    for context.idToken.admin in [False, True]:
        pass
    for context.idToken['x'], user.y in [(1, 2)]:
        pass
