# refused: syntax_not_allowed
def rule(user, context):
    def g():
        try:
            while True:
                pass
        finally:
            for x in [1]:
                yield from [x]
    list(g())
