# raises: TypeError
def rule(user, context):
    cache.get = len
