# refused: name_not_available
def rule(user, context):
    f = eval
    context.idToken.loot = f('1')
