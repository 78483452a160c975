# refused: name_not_allowed
def rule(user, context):
    _print_ = print
    print._call_print('x')
