# raises: TypeError
def rule(user, context):
    http.get('https://h/').headers['a'] = 'b'
