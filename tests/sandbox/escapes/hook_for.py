# refused: name_not_allowed
def rule(user, context):
    for _write_ in [print]:
        user.a = 1
