# refused: name_not_allowed
def rule(user, context):
    match [1, 2]:
        case [_, *_getitem_, 2]:
            pass
