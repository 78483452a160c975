# raises: TypeError
def rule(user, context):
    import json
    class A(json.JSONDecodeError):
        pass
