# raises: DecodeError
def rule(user, context):
    import base64, jwt
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","crit":["x"],"x":1}').decode().rstrip('=')
    jwt.decode(head + '.e30.AA', 'k', algorithms=['HS256'])
