# raises: AttributeError
def rule(user, context):
    getattr(configuration.get, '__self__')
