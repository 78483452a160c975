# raises: ValueError
def rule(user, context):
    import hashlib
    hashlib.new('scrypt', b'a')
