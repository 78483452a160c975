# refused: syntax_not_allowed
def rule(user, context):
    with (user as a, context as _getattr_):
        pass
