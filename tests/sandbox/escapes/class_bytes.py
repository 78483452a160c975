# refused: name_not_allowed
def rule(user, context):
    class A:
        def __bytes__(self):
            return b''
