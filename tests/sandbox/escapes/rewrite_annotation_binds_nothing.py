# refused: undefined_name
def rule(user, context):
    def f(a: (loot := 1)):
        return a
    context.idToken.loot = loot
