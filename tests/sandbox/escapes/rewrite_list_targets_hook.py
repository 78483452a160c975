# refused: name_not_allowed
def rule(user, context):
    [a, [_getattr_, *b]] = 1, (print, 2)
