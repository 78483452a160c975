# raises: AttributeError
def rule(user, context):
    dict.update += print
