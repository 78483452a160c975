# refused: name_not_allowed
def rule(user, context):
    (lambda _getattr_: user.a)(print)
