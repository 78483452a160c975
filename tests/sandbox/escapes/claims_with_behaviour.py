# passes: harmless
def rule(user, context):
    class S:
        def __str__(self):
            return 'x'
    context.idToken.ok = S()
