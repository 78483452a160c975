# raises: InvalidAlgorithmError
def rule(user, context):
    import jwt
    jwt.encode({'sub': 'root'}, '', 'none')
