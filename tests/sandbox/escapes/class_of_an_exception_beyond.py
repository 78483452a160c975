# refused: attribute_not_allowed
def rule(user, context):
    try:
        b"\xff".decode()
    except Exception as error:
        context.idToken.loot = error.__class__.__name__.__class__.__base__
