# raises: AttributeError
def rule(user, context):
    getattr(http.get, '__kwdefaults__')
