# passes: harmless
def rule(user, context):
    import json
    context.idToken.x = json.loads('{"sub": 1, "sub": 2, "__class__": 3, "\\u0073ub": 4}')
