# passes: harmless
def rule(user, context):
    import json
    seen = []
    json.dumps(print, default=lambda value: seen.append(value is print))
    context.idToken.loot = seen
