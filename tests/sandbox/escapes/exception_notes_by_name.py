# raises: AttributeError
def rule(user, context):
    e = ValueError('x')
    getattr(e, '__notes__')
