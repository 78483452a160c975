# refused: unknown_member
def rule(user, context):
    import hashlib
    hashlib.algorithms_available.clear()
