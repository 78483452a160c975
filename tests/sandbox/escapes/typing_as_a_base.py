# raises: TypeError
from typing import Any


class Spy(Any):
    pass


def rule(user, context):
    context.idToken.loot = 1
