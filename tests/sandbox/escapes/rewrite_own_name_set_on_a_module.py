# raises: TypeError
import json
def rule(user, context):
    json._default_encoder = 1
