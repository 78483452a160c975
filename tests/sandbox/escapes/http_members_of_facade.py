# raises: AttributeError
def rule(user, context):
    getattr(http, '_Module__members')
