# raises: AttributeError
def rule(user, context):
    import string
    getattr(string, 'Template')('$a')
