# refused: syntax_not_allowed
def rule(user, context):
    with user as x:
        pass
