# passes: harmless
def rule(user, context):
    context.idToken.x = list({'a', 'b', 'c', 'd', 'e'})
