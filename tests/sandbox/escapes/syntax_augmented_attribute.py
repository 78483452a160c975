# refused: attribute_not_allowed
def rule(user, context):
    user.__dict__ += 1
