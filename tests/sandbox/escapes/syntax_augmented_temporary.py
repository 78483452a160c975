# refused: name_not_allowed
def rule(user, context):
    user['x'] = 1
    user['x'] += 1
    context.idToken.loot = str(_tmp0)
