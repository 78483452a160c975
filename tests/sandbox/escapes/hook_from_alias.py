# refused: name_not_allowed
def rule(user, context):
    from json import loads as _getattr_
