# refused: unknown_member
def rule(user, context):
    import datetime
    context.idToken.loot = str(datetime.sys)
