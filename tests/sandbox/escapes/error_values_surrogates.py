# raises: ZeroDivisionError
def rule(user, context):
    a, b = '\ud800\x1b[31m\x00', {'\udfff': '\u202e'}
    x = [a, b, 1 / 0]
