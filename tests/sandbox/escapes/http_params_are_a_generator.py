# raises: TypeError
def rule(user, context):
    http.get('https://h/', params=(pair for pair in [('a', 'b')]))
