# stops: limit
def rule(user, context):
    http.get('https://h/')
    sum(range(10 ** 12))
