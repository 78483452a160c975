# raises: AttributeError
def rule(user, context):
    getattr(*[(), '__class__'])
