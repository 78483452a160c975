# raises: TypeError
def rule(user, context):
    import json
    json['dumps'] = print
