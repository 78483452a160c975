# refused: syntax_not_allowed
def rule(user, context):
    class M:
        pass
    class A(metaclass=M):
        pass
