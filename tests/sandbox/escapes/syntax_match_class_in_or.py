# refused: syntax_not_allowed
def rule(user, context):
    match user:
        case [1 | str(__class__=c)]:
            pass
