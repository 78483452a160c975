# raises: AttributeError
def rule(user, context):
    setattr(user, '_recorder', None)
