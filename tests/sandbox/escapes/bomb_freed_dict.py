# passes: harmless or raises: RuntimeError
def rule(user, context):
    on = []
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            if on:
                a.clear()
                b.clear()
            return bool(on)
    a, b = {K(): K() for i in range(50)}, {K(): K() for i in range(50)}
    on.append(1)
    a == b
    a.update(b)
    a.keys() & b.keys()
    a.items() ^ b.items()
