# stops: exhausted
def rule(user, context):
    class K:
        def __hash__(self):
            return 9011442731604434911
        def __eq__(self, other):
            raise ValueError
    k = K()
    context.idToken[k] = 1
    try:
        context.idToken.update(admin=True)
    except ValueError:
        pass
    context.idToken.pop(k)
