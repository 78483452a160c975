# raises: TypeError
def rule(user, context):
    import json
    del json.dumps
