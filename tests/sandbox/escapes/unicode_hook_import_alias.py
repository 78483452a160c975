# refused: name_not_allowed
def rule(user, context):
    import json as _getattr＿
