# passes: harmless
def rule(user, context):
    class S:
        def __str__(self):
            context.idToken.ok = 1
            return 'x'
    print(S())
