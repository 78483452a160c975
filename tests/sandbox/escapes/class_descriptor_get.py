# refused: name_not_allowed
def rule(user, context):
    class D:
        def __get__(self, obj, kind):
            return kind
