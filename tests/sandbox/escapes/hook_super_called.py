# refused: name_not_allowed
def rule(user, context):
    _super_(dict, user).get
