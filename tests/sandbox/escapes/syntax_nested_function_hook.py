# refused: name_not_allowed
def rule(user, context):
    def outer():
        def _getattr_(o, n):
            return o
        return user.a
