# refused: attribute_not_allowed
def rule(user, context):
    def f(x=().__class__):
        pass
