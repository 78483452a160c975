# refused: syntax_not_allowed
def rule(user, context):
    def f():
        try:
            while True:
                pass
        finally:
            if user:
                return 1
    while True:
        f()
