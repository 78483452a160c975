# refused: unknown_member
def rule(user, context):
    import jwt
    jwt.PyJWKClient('http://127.0.0.1:CANARY_PORT/')
