# refused: attribute_not_allowed
def rule(user, context):
    context.idToken.loot = f'{user.__class__=}'
