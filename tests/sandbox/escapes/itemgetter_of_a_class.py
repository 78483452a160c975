# raises: TypeError
from operator import itemgetter


def rule(user, context):
    alias = itemgetter(int)(list)
    context.idToken.loot = str(alias)
