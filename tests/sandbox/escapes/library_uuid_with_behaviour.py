# passes: harmless
def rule(user, context):
    import uuid
    class N:
        def __le__(self, other):
            return True
        def __lt__(self, other):
            return True
        def __ge__(self, other):
            return True
    try:
        u = uuid.UUID(int=N())
        u.hex
    except TypeError:
        pass
    context.idToken.u = uuid.NAMESPACE_DNS.hex
