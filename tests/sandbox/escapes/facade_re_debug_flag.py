# passes: harmless
def rule(user, context):
    import re
    context.idToken.loot = re.compile('a', 128).pattern
