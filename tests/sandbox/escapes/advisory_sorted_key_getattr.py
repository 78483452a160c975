# raises: AttributeError
def rule(user, context):
    sorted(['__class__'], key=lambda n: getattr((), n))
