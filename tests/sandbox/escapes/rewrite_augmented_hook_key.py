# refused: name_not_allowed
def rule(user, context):
    user[_getattr_] += 1
