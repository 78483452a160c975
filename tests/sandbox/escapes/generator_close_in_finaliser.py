# passes: harmless
def rule(user, context):
    def g():
        try:
            yield
        finally:
            h.close()
    def other():
        try:
            yield
        finally:
            pass
    h = other()
    next(h)
    next(g())
