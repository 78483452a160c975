# refused: undefined_name
user.admin = True
def rule(user, context):
    pass
