# raises: TypeError
def rule(user, context):
    type(http.get('https://h/'))
