# raises: AttributeError
def rule(user, context):
    getattr(configuration, '__class__')
