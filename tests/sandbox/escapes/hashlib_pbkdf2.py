# refused: unknown_member
def rule(user, context):
    import hashlib
    hashlib.pbkdf2_hmac('sha256', b'', b'', 10 ** 10)
