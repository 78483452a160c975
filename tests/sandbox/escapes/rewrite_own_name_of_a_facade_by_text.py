# raises: AttributeError
import json
def rule(user, context):
    context.idToken.loot = str(getattr(json, '_Module__members'))
