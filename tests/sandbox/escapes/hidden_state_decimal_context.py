# refused: import_not_allowed or refused: unknown_member
from decimal import getcontext
def rule(user, context):
    getcontext().prec = 2
