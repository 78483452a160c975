# refused: name_not_allowed
def rule(user, context):
    user['a'] = 1
    user['a'] += 1
    context.idToken.loot = str(_tmp0)
