# passes: harmless
def rule(user, context):
    import collections
    d = context.idToken.d = collections.OrderedDict()
    d['admin'] = True
    q = context.idToken.q = collections.deque()
    q.append('root')
    z = context.idToken.z = collections.defaultdict(list)
    z['roles'].append('admin')
    c = context.idToken.c = collections.Counter()
    c.update(['admin'])
    c.update(['admin'])
