# refused: name_not_allowed
def rule(user, context):
    context.idToken.loot = [user.a for _getattr_ in [print]]
