# raises: TypeError
def rule(user, context):
    http.get = len
