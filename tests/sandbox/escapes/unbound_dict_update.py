# raises: AttributeError
def rule(user, context):
    dict.update(context.idToken, {'a': 1})
