# refused: attribute_not_allowed
def rule(user, context):
    f = lambda *, x=().__class__.__base__: x
