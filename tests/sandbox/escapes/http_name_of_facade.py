# raises: AttributeError
def rule(user, context):
    getattr(http, '__name__')
