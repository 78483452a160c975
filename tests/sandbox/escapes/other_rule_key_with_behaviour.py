# stops: exhausted
def rule(user, context):
    class K:
        n = [0]
        def __hash__(self):
            self.n[0] += 1
            return self.n[0]
    user.app_metadata[K()] = 1
