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
    a, b = {K() for i in range(50)}, {K() for i in range(50)}
    on.append(1)
    a & b, a - b, a | b, a ^ b, a == b
    a.symmetric_difference_update(b)
