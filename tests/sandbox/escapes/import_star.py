# refused: syntax_not_allowed
from math import *


def rule(user, context):
    pass
