# stops: exhausted
# The key is asked for its equality in the middle of a change, and puts what is changed into the data.
def rule(user, context):
    class K:
        def __hash__(self):
            return 9011442731604434911
        def __eq__(self, other):
            context.idToken.roles = d
            return False
    d = {K(): 1}
    d['admin'] = True
    d.clear()
