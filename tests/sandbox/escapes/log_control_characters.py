# passes: harmless
def rule(user, context):
    print('\x1b[2J\x1b]0;owned\x07\x1b[31mred', '\r\n\x00\x08\x7f\x9b31m')
    print('\u2028\u2029\u202e')
