# refused: name_not_available
def rule(user, context):
    compile('1', '', 'eval')
