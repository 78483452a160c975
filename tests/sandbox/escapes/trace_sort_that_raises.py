# passes: harmless
def rule(user, context):
    context.idToken.roles = ['c', 'a', 'b', 'd']
    seen = []
    class K:
        def __init__(self, value):
            self.value = value
        def __lt__(self, other):
            seen.append(1)
            if len(seen) == 4:
                raise ValueError
            return self.value < other.value
    try:
        context.idToken.roles.sort(key=K)
    except ValueError:
        pass
