# refused: unknown_member
def rule(user, context):
    import string
    string.Formatter().vformat('{0.__class__}', ((),), {})
