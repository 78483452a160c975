# refused: attribute_not_allowed
def rule(user, context):
    class A:
        pass
    A()._tmp0 = 1
