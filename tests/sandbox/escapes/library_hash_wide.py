# passes: harmless or raises: ValueError or raises: OverflowError
def rule(user, context):
    import hashlib
    hashlib.blake2b(b'', digest_size=64, leaf_size=2 ** 32 - 1, node_offset=2 ** 64 - 1, node_depth=255)
    hashlib.blake2b(b'', digest_size=65)
