# raises: TypeError
def rule(user, context):
    http.get('https://h/', auth=['a', 'b'])
