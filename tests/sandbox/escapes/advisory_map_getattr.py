# raises: AttributeError
def rule(user, context):
    list(map(getattr, [()], ['__class__']))
