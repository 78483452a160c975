# refused: syntax_not_allowed or refused: syntax_error
def rule(user, context):
    def f[T: ().__class__](x: T):
        return x
