# raises: TypeError
def rule(user, context):
    del http.get('https://h/').headers['content-type']
