# raises: ValueError
def rule(user, context):
    http.get('https://h/', timeout=True)
