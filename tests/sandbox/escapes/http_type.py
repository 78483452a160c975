# raises: TypeError
def rule(user, context):
    type(http)('http', {})
