# raises: ValueError
def rule(user, context):
    cache.get(chr(0xdc00))
