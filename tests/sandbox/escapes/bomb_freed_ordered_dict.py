# stops: limit or passes: harmless or stops: died or raises: RuntimeError
# CPython before 3.12.4 reads a node here that is freed already.
def rule(user, context):
    import collections
    class K:
        def __eq__(self, other):
            a.clear()
            b.clear()
            return True
    a, b = collections.OrderedDict(), collections.OrderedDict()
    for i in range(50):
        a[i], b[i] = K(), K()
    a == b
