# refused: name_not_available or refused: syntax_error
def rule(user, context):
    f"{f'{f"{eval}"}'}"
