# stops: limit
def rule(user, context):
    import collections
    o = collections.OrderedDict(a=1)
    for _ in range(60):
        o = collections.OrderedDict(a=o, b=o)
    context.idToken.loot = o
