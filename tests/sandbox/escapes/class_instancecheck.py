# refused: name_not_allowed
def rule(user, context):
    class A:
        def __instancecheck__(self, other):
            return True
