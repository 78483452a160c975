# raises: TypeError
class Spy:
    pass


def rule(user, context):
    int = Spy
    match Spy():
        case int(loot):
            context.idToken.loot = str(loot)
