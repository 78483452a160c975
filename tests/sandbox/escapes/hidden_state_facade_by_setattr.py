# raises: TypeError
import json
def rule(user, context):
    setattr(json, 'kept', user.email)
