# raises: TypeError
def rule(user, context):
    setattr(http, 'get', len)
