# raises: TypeError
import json
def rule(user, context):
    json.dumps.kept = user.email
