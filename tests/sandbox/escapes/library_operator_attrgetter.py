# raises: AttributeError
def rule(user, context):
    import operator
    getattr(operator, 'attrgetter')('__class__')
