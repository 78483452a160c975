# raises: AttributeError
def rule(user, context):
    getattr(cache.set, '__closure__')
