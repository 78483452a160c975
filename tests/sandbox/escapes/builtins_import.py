# refused: name_not_allowed
def rule(user, context):
    __import__('os').system('true')
