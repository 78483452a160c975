# refused: syntax_not_allowed
def rule(user, context):
    try:
        pass
    except* (ValueError, TypeError) as e:
        e.split(ValueError)
