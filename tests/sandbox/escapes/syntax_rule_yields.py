# refused: wrong_arguments
def rule(user, context):
    yield
