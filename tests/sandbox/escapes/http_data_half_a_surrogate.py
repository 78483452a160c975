# raises: ValueError
def rule(user, context):
    http.post('https://h/', data=chr(0xd800))
