# passes: harmless
def rule(user, context):
    inner = []
    context.idToken.t = (inner, (inner,))
    inner.append('admin')
