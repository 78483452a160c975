# passes: harmless
class Spy:
    pass


setattr(Spy, "name", property(lambda self: self))


def rule(user, context):
    # A real text of its own type, which has no insides either.
    name = type(Spy()).__name__
    context.idToken.loot = [name, type(name) is str, type(name).__name__]
