# refused: syntax_not_allowed
# A `yield` there leaves the exception of the time limit behind, and the caller goes on.
def rule(user, context):
    def g():
        try:
            while True:
                pass
        finally:
            yield
    while True:
        next(g())
