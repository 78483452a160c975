# refused: name_not_allowed
def rule(user, context):
    class D:
        def __set__(self, obj, value):
            pass
