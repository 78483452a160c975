# refused: name_not_available
def rule(user, context):
    raise KeyboardInterrupt
