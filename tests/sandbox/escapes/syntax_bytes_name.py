# raises: TypeError
def rule(user, context):
    getattr(user, b'__class__')
