# passes: harmless
kept = None
def rule(user, context):
    global kept
    assert kept is None
    kept = user.email
