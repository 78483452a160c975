# refused: attribute_not_allowed
class Spy:
    pass


def rule(user, context):
    Spy.__name__ = "type"
