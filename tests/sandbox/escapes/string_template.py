# raises: AttributeError
def rule(user, context):
    import string
    string.Template('$a')
