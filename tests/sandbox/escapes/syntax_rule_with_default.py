# refused: wrong_arguments
def rule(user, context, callback=print):
    pass
