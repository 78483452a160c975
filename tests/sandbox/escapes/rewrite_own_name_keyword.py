# raises: TypeError
import json
def rule(user, context):
    json.dumps({}, _one_shot=True)
