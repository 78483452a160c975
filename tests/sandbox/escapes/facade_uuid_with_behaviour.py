# passes: harmless
def rule(user, context):
    import uuid
    class F:
        def __le__(self, other):
            return True
        def __ge__(self, other):
            return True
        def __lt__(self, other):
            return True
        def __gt__(self, other):
            return True
        def __and__(self, other):
            return self
        def __or__(self, other):
            return self
    context.idToken.loot = uuid.UUID(int=F())
