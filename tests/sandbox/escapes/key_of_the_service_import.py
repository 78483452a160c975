# refused: import_not_allowed
def rule(user, context):
    from engine.keys import Keys
