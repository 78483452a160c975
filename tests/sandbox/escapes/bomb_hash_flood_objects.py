# stops: limit
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            return False
    {K() for i in range(100_000)}
