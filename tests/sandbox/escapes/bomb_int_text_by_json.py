# raises: ValueError
def rule(user, context):
    import json
    json.loads('9' * 100_000)
