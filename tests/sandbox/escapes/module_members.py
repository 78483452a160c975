# refused: attribute_not_allowed
def rule(user, context):
    import json
    json._Module__members
