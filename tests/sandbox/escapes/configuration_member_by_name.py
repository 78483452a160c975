# raises: AttributeError
def rule(user, context):
    getattr(configuration, 'member')
