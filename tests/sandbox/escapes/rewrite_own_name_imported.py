# refused: import_not_allowed
from json import _default_encoder
def rule(user, context):
    context.idToken.loot = str(_default_encoder)
