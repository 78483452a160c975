# raises: AttributeError
def rule(user, context):
    getattr(configuration, '_Configuration__values')
