# stops: exhausted
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
    user.app_metadata.setdefault(K(), []).append(1)
