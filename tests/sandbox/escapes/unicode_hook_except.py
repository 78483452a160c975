# refused: name_not_allowed
def rule(user, context):
    try:
        pass
    except ValueError as _Exception＿:
        pass
