# raises: AttributeError
def rule(user, context):
    import urllib.parse
    getattr(urllib.parse, 'uses_relative').clear()
