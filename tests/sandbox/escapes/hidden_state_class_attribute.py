# passes: harmless
class Kept:
    seen = []
def rule(user, context):
    Kept.seen.append(user.email)
    assert Kept.seen == [user.email]
    context.idToken.seen = Kept.seen
