# refused: name_not_allowed
def rule(user, context):
    class A:
        def __matmul__(self, other):
            return other
