# refused: name_not_allowed
def rule(user, context):
    _write_: int
