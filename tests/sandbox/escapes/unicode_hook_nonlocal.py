# refused: name_not_allowed or refused: syntax_error
def rule(user, context):
    def f():
        nonlocal _getattr＿
