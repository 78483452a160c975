# raises: TypeError or raises: AttributeError
def rule(user, context):
    getattr(holder=(), name='__class__')
