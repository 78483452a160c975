# refused: name_not_allowed
def rule(user, context):
    dict(**{'a': 1}, _write_=print)
