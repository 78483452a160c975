# raises: TypeError
def rule(user, context):
    import jwt
    class K:
        def encode(self):
            return b'k'
    jwt.encode({'a': 1}, K())
