# refused: syntax_not_allowed or refused: syntax_error
def rule(user, context):
    class A[_getattr_]:
        pass
