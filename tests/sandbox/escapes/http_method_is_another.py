# raises: ValueError
def rule(user, context):
    http.request('CONNECT', 'https://h/')
