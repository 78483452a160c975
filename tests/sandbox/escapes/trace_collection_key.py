# passes: harmless
def rule(user, context):
    import collections
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            raise ValueError
    context.idToken.d = collections.OrderedDict({K(): 1})
