# raises: AttributeError
def rule(user, context):
    getattr(http.get('https://h/').json, '__func__')
