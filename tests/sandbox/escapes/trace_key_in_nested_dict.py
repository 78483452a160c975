# stops: exhausted
def rule(user, context):
    class K:
        pass
    context.idToken.a = {'b': [{K(): 1}]}
