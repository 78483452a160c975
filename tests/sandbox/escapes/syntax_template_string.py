# refused: syntax_error or refused: syntax_not_allowed
def rule(user, context):
    t'{().__class__}'
