# refused: attribute_not_allowed
def rule(user, context):
    user._holder = 1
