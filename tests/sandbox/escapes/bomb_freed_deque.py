# passes: harmless or raises: RuntimeError or raises: IndexError or raises: ValueError
def rule(user, context):
    import collections
    class K:
        def __eq__(self, other):
            d.clear()
            return False
    d = collections.deque([K() for i in range(200)])
    try:
        d.index(1)
    except RuntimeError:
        pass
    d.extend(K() for i in range(200))
    try:
        d.remove(1)
    except (ValueError, IndexError, RuntimeError):
        pass
    d.extend(K() for i in range(200))
    d == d.copy()
    d.count(1)
