# refused: syntax_not_allowed
def rule(user, context):
    try:
        raise ValueError
    except* ValueError:
        pass
