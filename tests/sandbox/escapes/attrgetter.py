# refused: import_not_allowed
from operator import attrgetter


def rule(user, context):
    context.idToken.loot = str(attrgetter("__class__.__mro__")(user))
