# raises: AttributeError
def rule(user, context):
    import json
    getattr(json, '_Module__members')
