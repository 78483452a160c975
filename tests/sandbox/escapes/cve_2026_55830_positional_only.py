# refused: name_not_allowed
def rule(user, context):
    def f(_getattr_, /):
        return user.a
    context.idToken.loot = f(lambda o, n: o)
