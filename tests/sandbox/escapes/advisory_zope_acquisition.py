# raises: AttributeError
def rule(user, context):
    getattr(user, 'aq_parent')
