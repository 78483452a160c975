# raises: ValueError
def rule(user, context):
    http.post('https://h/', data='a' * 300_000)
