# raises: TypeError
def rule(user, context):
    import json
    json.loads('{}', object_hook=print)
