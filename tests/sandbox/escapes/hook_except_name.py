# refused: name_not_allowed
def rule(user, context):
    try:
        raise ValueError
    except ValueError as _Exception_:
        pass
