# refused: name_not_allowed
def rule(user, context):
    (lambda x, _getitem_=print: user['a'])(1)
