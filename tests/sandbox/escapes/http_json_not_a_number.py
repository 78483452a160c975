# raises: ValueError
def rule(user, context):
    http.post('https://h/', json=float('nan'))
