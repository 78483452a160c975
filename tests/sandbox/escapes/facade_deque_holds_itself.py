# passes: harmless
def rule(user, context):
    import collections
    d = collections.deque()
    d.append(d)
    context.idToken.loot = d
    o = collections.OrderedDict()
    o['o'] = o
    context.idToken.more = o
