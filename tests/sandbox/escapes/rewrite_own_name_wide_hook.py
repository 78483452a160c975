# refused: name_not_allowed
def rule(user, context):
    _getattr﹍ = print
