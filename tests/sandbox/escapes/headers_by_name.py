# raises: AttributeError
def rule(user, context):
    getattr(http.get('https://h/').headers, '_Headers__headers')
