# refused: name_not_allowed
def rule(user, context):
    a, *_write_ = [1, 2]
