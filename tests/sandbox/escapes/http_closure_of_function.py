# raises: AttributeError
def rule(user, context):
    getattr(http.get, '__closure__')[0].cell_contents
