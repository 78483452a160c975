# raises: TypeError
def rule(user, context):
    import json
    setattr(json, 'loads', print)
