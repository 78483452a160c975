# refused: name_not_allowed
def rule(user, context):
    class A:
        def __format__(self, spec):
            return spec
