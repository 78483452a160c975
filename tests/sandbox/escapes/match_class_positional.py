# refused: syntax_not_allowed
class Spy:
    pass


def rule(user, context):
    match Spy():
        case Spy(loot):
            context.idToken.loot = str(loot)
