# raises: ValueError
def rule(user, context):
    import hashlib
    hashlib.new('shake_256')
