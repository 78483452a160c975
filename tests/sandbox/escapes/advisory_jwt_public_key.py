# raises: InvalidKeyError
def rule(user, context):
    import jwt
    jwt.encode({'a': 1}, '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----')
