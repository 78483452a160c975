# passes: harmless
def rule(user, context):
    import collections
    od = collections.OrderedDict()
    context.idToken.p = l = []
    l[:] = [od]
    l.append((od,))
    od['admin'] = True
