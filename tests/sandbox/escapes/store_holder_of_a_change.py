# refused: attribute_not_allowed
def rule(user, context):
    user.__holder = 1
