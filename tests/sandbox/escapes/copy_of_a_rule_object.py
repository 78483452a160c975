# raises: TypeError
import copy


class Spy:
    x = 1


def rule(user, context):
    context.idToken.loot = str(copy.deepcopy([Spy()]))
