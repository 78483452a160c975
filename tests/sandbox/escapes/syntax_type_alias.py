# refused: syntax_not_allowed or refused: syntax_error
def rule(user, context):
    type A = ().__class__
