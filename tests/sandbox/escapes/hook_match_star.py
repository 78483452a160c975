# refused: name_not_allowed
def rule(user, context):
    match [1]:
        case [*_getattr_]:
            pass
