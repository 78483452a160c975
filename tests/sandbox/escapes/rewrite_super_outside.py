# refused: name_not_available
def rule(user, context):
    return super().__init__()
