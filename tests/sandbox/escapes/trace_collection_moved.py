# passes: harmless
def rule(user, context):
    import collections
    d = context.idToken.a = {'b': {'c': [collections.deque()]}}
    d.b.c[0].append('admin')
    context.accessToken.x = context.idToken.a.b
    d.b.c[0].append('root')
    del context.idToken.a
