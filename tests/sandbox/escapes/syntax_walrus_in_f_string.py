# refused: name_not_allowed
def rule(user, context):
    f'{(_getattr_ := print)}'
