# raises: AttributeError
def rule(user, context):
    import json
    json.member('loads')
