# stops: limit or passes: harmless or raises: RuntimeError or stops: died
# The encoder's own list is emptied while it reads it.
def rule(user, context):
    import json
    class F:
        pass
    def default(o):
        l.clear()
        d.clear()
        return [1] * 100
    l = [F() for i in range(1000)]
    d = {str(i): [F()] for i in range(1000)}
    json.dumps([l, d, l], default=default)
    json.dumps([d, l], default=default, sort_keys=True)
