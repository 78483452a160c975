# raises: InvalidKeyError
def rule(user, context):
    import jwt
    jwt.encode({}, '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----')
