# raises: AttributeError
class Spy:
    pass


def rule(user, context):
    context.idToken.loot = "{0.__name__}".format(Spy) + getattr(Spy, "__name__")
