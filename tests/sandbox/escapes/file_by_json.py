# raises: TypeError
def rule(user, context):
    import json
    json.loads(open_by_name)
open_by_name = range
