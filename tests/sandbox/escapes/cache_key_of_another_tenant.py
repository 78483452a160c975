# passes: harmless
def rule(user, context):
    context.idToken.a = cache.get('other:a')
