# stops: exhausted
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            return True
    context.idToken[K()] = 1
