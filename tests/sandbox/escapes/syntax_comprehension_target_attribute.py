# refused: attribute_not_allowed
def rule(user, context):
    class A:
        pass
    [0 for A().__class__ in [dict]]
