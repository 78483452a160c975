# raises: AttributeError
from collections.abc import Mapping


class Spy:
    pass


def rule(user, context):
    Mapping.register(Spy)
