# raises: AttributeError
def rule(user, context):
    class A:
        def __hash__(self):
            return super().__hash__()
    context.idToken.loot = len({A(): 1})
