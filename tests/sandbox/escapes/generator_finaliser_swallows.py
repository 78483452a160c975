# stops: timed_out or stops: killed
def rule(user, context):
    def g():
        try:
            yield
        finally:
            while True:
                pass
    while True:
        next(g())
