# raises: TypeError
import json
def rule(user, context):
    json.JSONDecodeError.kept = user.email
