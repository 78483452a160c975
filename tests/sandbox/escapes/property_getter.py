# raises: AttributeError
def rule(user, context):
    property(lambda self: 1).fget
