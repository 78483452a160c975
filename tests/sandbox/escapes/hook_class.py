# refused: name_not_allowed
def rule(user, context):
    class _getattr_:
        pass
