# refused: unknown_member or refused: import_not_allowed
from random import SystemRandom
def rule(user, context):
    SystemRandom().random()
