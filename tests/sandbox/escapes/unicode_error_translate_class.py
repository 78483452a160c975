# refused: name_not_available
def rule(user, context):
    UnicodeTranslateError('x', -8, -7, 'r')
