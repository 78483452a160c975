# refused: unknown_member
def rule(user, context):
    import string
    string.Template('$a')
