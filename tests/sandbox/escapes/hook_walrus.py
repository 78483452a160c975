# refused: name_not_allowed
def rule(user, context):
    if (_getattr_ := print):
        user.a
