# refused: name_not_allowed
from json import _Module__members as m
def rule(user, context):
    context.idToken.loot = str(m)
