# refused: name_not_allowed
def rule(user, context):
    match user:
        case {'a': _getattr＿}:
            pass
