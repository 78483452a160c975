# refused: syntax_not_allowed
def rule(user, context):
    def g():
        try:
            while True:
                pass
        finally:
            print([(yield), 1][0])
    list(g())
