# raises: AttributeError
def rule(user, context):
    getattr(http.get('https://h/'), '_Response__answer')
