# raises: TypeError
def rule(user, context):
    import json
    class E:
        pass
    json.dumps(1, cls=E)
