# raises: RecursionError
def rule(user, context):
    import json
    json.loads('[' * 100_000)
