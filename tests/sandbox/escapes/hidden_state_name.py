# refused: name_not_allowed
def rule(user, context):
    global __name__
    __name__ = user.email
