# raises: AttributeError
def rule(user, context):
    import operator
    getattr(operator, 'methodcaller')('__class__')
