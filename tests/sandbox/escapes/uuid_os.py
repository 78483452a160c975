# raises: AttributeError
def rule(user, context):
    import uuid
    uuid.os.getenv('CLAIMSMITH_SECRET')
