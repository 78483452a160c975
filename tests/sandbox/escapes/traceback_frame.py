# refused: attribute_not_allowed
def rule(user, context):
    try:
        raise ValueError
    except ValueError as e:
        context.idToken.loot = e.__traceback__.tb_frame
