# refused: syntax_not_allowed
def rule(user, context):
    class A(**{'metaclass': print}):
        pass
