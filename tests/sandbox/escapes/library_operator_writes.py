# raises: AttributeError
def rule(user, context):
    import operator
    getattr(operator, 'setitem')(context.idToken, 'admin', True)
