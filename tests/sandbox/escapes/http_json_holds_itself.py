# raises: ValueError
def rule(user, context):
    loop = []
    loop.append(loop)
    http.post('https://h/', json=loop)
