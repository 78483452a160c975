# refused: name_not_allowed
def rule(user, context):
    x__roles__ = None
