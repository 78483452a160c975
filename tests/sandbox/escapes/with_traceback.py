# raises: AttributeError
def rule(user, context):
    ValueError('x').with_traceback(None)
