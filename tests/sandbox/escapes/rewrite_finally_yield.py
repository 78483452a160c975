# refused: syntax_not_allowed
def rule(user, context):
    def g():
        try:
            while True:
                pass
        finally:
            yield 1
    for x in g():
        context.idToken.loot = 'swallowed'
