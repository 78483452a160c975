# refused: name_not_available
def rule(user, context):
    raise OSError(2, 'x', 'CANARY_FILE')
