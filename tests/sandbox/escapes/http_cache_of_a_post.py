# raises: ValueError
def rule(user, context):
    http.post('https://h/', cache=1)
