# refused: name_not_allowed
def rule(user, context):
    class A:
        def __getattr__(self, name):
            return name
