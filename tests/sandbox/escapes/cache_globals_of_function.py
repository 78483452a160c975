# raises: AttributeError
def rule(user, context):
    getattr(cache.get, '__globals__')
