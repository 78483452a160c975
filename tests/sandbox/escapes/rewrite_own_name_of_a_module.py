# raises: AttributeError
import json
def rule(user, context):
    context.idToken.loot = str(json._default_encoder)
