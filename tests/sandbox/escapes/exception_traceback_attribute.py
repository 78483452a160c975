# refused: attribute_not_allowed
def rule(user, context):
    try:
        1 / 0
    except ZeroDivisionError as e:
        context.idToken.loot = e.__traceback__
