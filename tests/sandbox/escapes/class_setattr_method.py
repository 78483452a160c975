# refused: name_not_allowed
def rule(user, context):
    class A:
        def __setattr__(self, name, value):
            pass
