# passes: harmless
def rule(user, context):
    import json
    context.idToken.loot = json
    user.loot = [json.loads]
