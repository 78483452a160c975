# refused: attribute_not_allowed
import json
def rule(user, context):
    context.idToken.loot = str(json._Module__members)
