# passes: harmless
def rule(user, context):
    context.idToken.loot = '{a}'.format_map(list)
