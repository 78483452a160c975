# passes: harmless
def rule(user, context):
    assert context.stats == {'loginsCount': 7}
    context.stats.kept = user.email
