# raises: AttributeError
def rule(user, context):
    import uuid
    getattr(uuid, 'os').getenv('CLAIMSMITH_SECRET')
