# raises: AttributeError
class Spy:
    pass


def rule(user, context):
    setattr(Spy, "__match_args__", ("__class__",))
    int = Spy
    match Spy():
        case int(loot):
            context.idToken.loot = str(loot)
