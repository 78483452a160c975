# refused: name_not_allowed
def rule(user, context):
    _getattr_(user, '__class__')
