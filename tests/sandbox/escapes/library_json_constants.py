# passes: harmless
def rule(user, context):
    import json
    context.idToken.x = json.loads('[NaN, Infinity, -Infinity, 1e999]')
    context.idToken.ok = True
