# refused: unknown_member
def rule(user, context):
    import urllib.parse
    context.idToken.loot = str(urllib.parse.sys)
