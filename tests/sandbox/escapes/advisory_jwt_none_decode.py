# raises: InvalidAlgorithmError
def rule(user, context):
    import jwt
    jwt.decode('eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.', 'k', ['none', 'HS256'])
