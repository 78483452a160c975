# raises: TypeError
def rule(user, context):
    http.get('https://h/').status_code = 500
