# refused: name_not_allowed
def rule(user, context):
    class I:
        def __int__(self):
            return 1
