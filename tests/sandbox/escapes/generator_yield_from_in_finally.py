# refused: syntax_not_allowed
def rule(user, context):
    def g():
        try:
            while True:
                pass
        finally:
            yield from [1]
    while True:
        list(g())
