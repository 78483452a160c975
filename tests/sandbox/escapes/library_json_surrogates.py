# passes: harmless
def rule(user, context):
    import json
    context.idToken.x = json.loads('"\\ud800"')
    context.idToken[json.loads('"\\udfff"')] = 1
