# raises: ValueError or passes: harmless
def rule(user, context):
    class K:
        def __lt__(self, other):
            l.clear()
            l.extend(range(1000))
            return True
    l = [K() for i in range(100)]
    l.sort()
