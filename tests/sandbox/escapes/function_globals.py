# refused: attribute_not_allowed
def rule(user, context):
    def f():
        pass
    context.idToken.loot = f.__globals__
