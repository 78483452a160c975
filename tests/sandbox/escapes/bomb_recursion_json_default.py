# raises: RecursionError or raises: ValueError
def rule(user, context):
    import json
    json.dumps(object(), default=lambda o: [object()])
