# raises: AttributeError
def rule(user, context):
    http.Timeout.mro()
