# refused: name_not_available
def rule(user, context):
    context.idToken.loot = ｅｖａｌ('1')
