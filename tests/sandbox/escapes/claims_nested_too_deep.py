# passes: harmless
def rule(user, context):
    v = {}
    for i in range(60):
        v = {'v': v}
    context.idToken.v = v
