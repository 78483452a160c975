# raises: TypeError
def rule(user, context):
    http.get('https://h/', verify=False)
