# refused: name_not_allowed
def rule(user, context):
    class A:
        def __class_getitem__(cls, key):
            return key
