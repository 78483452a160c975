# refused: name_not_allowed
def rule(user, context):
    del _getattr_
