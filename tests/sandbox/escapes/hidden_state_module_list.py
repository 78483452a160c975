# passes: harmless
KEPT = []
def rule(user, context):
    KEPT.append(user.email)
    context.idToken.seen = len(KEPT)
    assert KEPT == [user.email]
