# refused: name_not_allowed
def rule(user, context):
    global _getattr_
    _getattr_ = print
