# refused: name_not_allowed
def rule(user, context):
    class A:
        def __index__(self):
            return 1
