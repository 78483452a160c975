# refused: attribute_not_allowed
def rule(user, context):
    del user.__class__
