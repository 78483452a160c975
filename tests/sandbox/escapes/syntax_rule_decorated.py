# refused: wrong_arguments
@print
def rule(user, context):
    pass
