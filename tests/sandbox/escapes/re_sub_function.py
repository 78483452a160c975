# passes: harmless
def rule(user, context):
    import re
    context.idToken.loot = re.sub('a', lambda m: m.group().upper(), 'abc')
