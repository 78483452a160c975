# refused: name_not_allowed
def rule(user, context):
    dict(__class__=1)
