# raises: AttributeError
def rule(user, context):
    import operator
    getattr(operator, 'iadd')(context.idToken.setdefault('l', []), ['admin'])
