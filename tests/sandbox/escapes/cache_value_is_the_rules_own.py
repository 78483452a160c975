# passes: harmless
def rule(user, context):
    kept = {'a': [1]}
    cache.set('kept', kept)
    kept['a'].append(2)
    context.idToken.a = cache.get('kept')
