# refused: name_not_allowed
def rule(user, context):
    class A:
        def __buffer__(self, flags):
            return b''
