# raises: AttributeError
def rule(user, context):
    import hashlib
    getattr(hashlib, 'pbkdf2_hmac')('sha256', b'', b'', 10 ** 10)
