# refused: name_not_allowed
def rule(user, context):
    context.idToken.loot = str(_super_(str, 'x'))
