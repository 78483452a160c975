# refused: name_not_allowed
def rule(user, context):
    class A:
        def __missing__(self, key):
            return key
