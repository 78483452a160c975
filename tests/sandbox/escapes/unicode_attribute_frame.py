# refused: attribute_not_allowed
def rule(user, context):
    context.idToken.loot = str((x for x in []).ｇｉ_frame)
