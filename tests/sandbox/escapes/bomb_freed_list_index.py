# raises: ValueError
def rule(user, context):
    class K:
        def __eq__(self, other):
            l.clear()
            return False
    l = [K() for i in range(100)]
    l.count(1)
    l.extend(K() for i in range(100))
    l.index(1)
