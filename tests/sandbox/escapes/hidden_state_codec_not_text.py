# raises: LookupError
def rule(user, context):
    b'x'.decode('zlib_codec')
