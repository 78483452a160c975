# passes: harmless
def rule(user, context):
    def late():
        try:
            yield
        finally:
            try:
                context.idToken.admin = True
            except Exception as e:
                context.idToken.loot = str(e)
    g = late()
    next(g)
    context.idToken.kept = [g]
