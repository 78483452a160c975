# refused: name_not_allowed
def rule(user, context):
    class A:
        def __getattribute__(self, name):
            return name
