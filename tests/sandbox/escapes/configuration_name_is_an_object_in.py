# passes: harmless
def rule(user, context):
    class Name:
        def __eq__(self, other):
            return True
    context.idToken.a = Name() in configuration
