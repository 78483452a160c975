# refused: attribute_not_allowed
def rule(user, context):
    match user:
        case x if x.__class__:
            pass
