# stops: exhausted
def rule(user, context):
    class K:
        def __hash__(self):
            return 9011442731604434911
        def __eq__(self, other):
            return True
    context.idToken.update({K(): 1})
