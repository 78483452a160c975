# refused: attribute_not_allowed
def rule(user, context):
    [x.__class__ for x in [()]]
