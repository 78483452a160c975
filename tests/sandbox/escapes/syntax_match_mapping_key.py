# refused: syntax_not_allowed
def rule(user, context):
    match user:
        case {user.__class__: x}:
            pass
