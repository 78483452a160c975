# raises: TypeError
def rule(user, context):
    import json
    type(json)('x', {'loads': print})
