# passes: harmless
def rule(user, context):
    try:
        user['CANARY']
    except KeyError as e:
        context.idToken.loot = str(e.args)
