# raises: TypeError
def rule(user, context):
    class Name:
        def __str__(self):
            return '_x'
        def __eq__(self, other):
            return True
        def __hash__(self):
            return 1
    context.idToken.loot = str(getattr(user, Name()))
