# raises: TypeError
def rule(user, context):
    setattr(http.Error, 'text', 1)
