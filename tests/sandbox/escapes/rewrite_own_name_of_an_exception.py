# raises: AttributeError
def rule(user, context):
    try:
        user.none
    except AttributeError as error:
        context.idToken.loot = str(error._obj)
