# refused: name_not_allowed
def rule(user, context):
    (lambda *, _getitem＿=print: user['a'])()
