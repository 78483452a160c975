# refused: attribute_not_allowed
def rule(user, context):
    for user.__class__ in [dict]:
        pass
